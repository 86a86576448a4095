// A dead letter's key, value and headers as far as they can be read.
import { openReader } from '../../codec/topic-codec.ts'
import { avroAs } from '../../model/codec.ts'
import { messageOf } from '../../model/errors.ts'
import type { LetterContent } from '../../ports/inspection.ts'
import type { Registry } from '../../ports/registry.ts'
import type { RawLetter } from './letters.ts'
import { plain } from './plain.ts'

export async function contentOf(raw: RawLetter, registry: Registry): Promise<LetterContent> {
  return {
    ...raw.letter,
    key: raw.key === null ? null : (utf8(raw.key) ?? raw.key.toString('hex')),
    value: await readableValue(raw.value, registry),
    headers: raw.headers.map(([name, value]) => [name, value === null ? '' : (utf8(value) ?? value.toString('hex'))] as const),
  }
}

type Readable = LetterContent['value']

/** Bytes as what they say they are: a value of a registered schema, JSON, text; else as hex. */
export async function readableValue(bytes: Buffer | null, registry: Registry): Promise<Readable> {
  if (bytes === null) return { as: 'null', content: null, note: '' }
  const avro = bytes.length >= 5 && bytes[0] === 0 ? await asAvro(bytes, registry) : null
  if (avro?.as === 'avro') return avro
  const note = avro?.note ?? ''
  const text = utf8(bytes)
  if (text === null) return { as: 'hex', content: bytes.toString('hex'), note }
  try {
    return { as: 'json', content: JSON.parse(text) as unknown, note }
  } catch {
    return { as: 'text', content: text, note }
  }
}

/** By the schema that the bytes name; null `content` and a note when they are no value of it. */
async function asAvro(bytes: Buffer, registry: Registry): Promise<Readable | { readonly as: 'nothing'; readonly note: string }> {
  const id = bytes.readUInt32BE(1)
  try {
    const schema = await registry.schema(id)
    if (schema === null) return { as: 'nothing', note: `the registry has no schema ${id}` }
    const reader = openReader(avroAs<unknown>(schema as object), 'all')
    reader.learn(id, schema)
    return { as: 'avro', content: plain(reader.read(bytes, 0, bytes.length)), note: `schema ${id}` }
  } catch (error) {
    return { as: 'nothing', note: `not a value of schema ${id}: ${messageOf(error)}` }
  }
}

const STRICT = new TextDecoder('utf-8', { fatal: true })
const BINARY = /[\u0000-\u0008\u000e-\u001f]/

function utf8(bytes: Buffer): string | null {
  try {
    const text = STRICT.decode(bytes)
    return BINARY.test(text) ? null : text
  } catch {
    return null
  }
}
