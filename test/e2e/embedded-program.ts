// A program of somebody's own, started by embedded.test.ts to be killed: emits numbers, tells which are committed, and what it sees.
import { Subject } from 'rxjs'
import { from, fromObservable, json, processor, scan, topic } from '#lib/index.ts'
import { embedded } from '#lib/embedded.ts'

interface Numbered {
  readonly life: string
  readonly n: number
}
const [directory, life] = process.argv.slice(2) as [string, string]
const numbered = json(value => value as Numbered)
const emitted = new Subject<Numbered>()
const numbers = fromObservable('numbers', emitted, { value: numbered, key: 'life', time: 'record-timestamp' })
const sent = topic('sent', { value: numbered, key: 'life', time: 'record-timestamp' })
const counts = topic('counts', { value: numbered, key: 'life', time: 'record-timestamp' })
const counting = {
  version: 1,
  ttl: null,
  initial: () => 0,
  next: (n: number, v: Numbered) => ({ state: n + 1, emit: [{ life: v.life, n: n + 1 }] }),
}

const millrace = await embedded({
  directory,
  partitions: 2,
  processors: processor('counting', from(numbers).pipe(scan('count', counting)).to(counts)),
})
if (life === 'last') {
  await millrace.drain()
  const tell = (name: string) => (r: { value: Numbered }) => console.log(name, r.value.life, r.value.n)
  millrace.observe(numbers, { from: 'earliest' }).subscribe(tell('numbers'))
  millrace.observe(counts, { from: 'earliest' }).subscribe(tell('counts'))
  millrace.observe(sent, { from: 'earliest' }).subscribe(tell('sent'))
  await millrace.stop()
} else {
  console.log('running')
  for (let n = 0; ; n++) {
    emitted.next({ life, n })
    await millrace.send(sent, { life, n })
    console.log('sent', n)
  }
}
