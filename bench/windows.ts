// What windows cost per event, without log and codec. npm run bench -- windows [rounds]
import { perEvent, printFigures } from './rig/pipeline.ts'
import { feedOf, jobs } from './rig/window-jobs.ts'

printFigures(
  perEvent(jobs, feedOf(1_000_000), Number(process.argv[2] ?? 5)),
  { 'tumbling 5 min': 0.15, 'hopping 5 min / 1 min': 0.35, 'session 1 min': 0.15 },
  'tumbling 5 min',
)
