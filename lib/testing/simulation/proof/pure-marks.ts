// What the reader of a repartition topic may believe about its upstream tasks (S2.5), by plain code.
export class PureMarks {
  readonly #tasks: { time: number; idle: boolean; passed: number }[]
  /** Stream time of the reader. */
  time = -Infinity

  constructor(tasks: number) {
    this.#tasks = Array.from({ length: tasks }, () => ({ time: -Infinity, idle: false, passed: -Infinity }))
  }
  get allIdle(): boolean {
    return this.#tasks.every(t => t.idle)
  }
  /** Stream time that the reader passed while this task was told to be idle. */
  passed(task: number): number {
    return this.#tasks[task]!.passed
  }
  /** A mark, or (`'busy'`) what a record carries. */
  hear(task: number, time: number, idle: boolean): void {
    const told = this.#tasks[task]!
    told.time = Math.max(told.time, time)
    told.idle = idle
    const busy = this.#tasks.filter(t => !t.idle)
    this.advance(busy.length === 0 ? Math.max(...this.#tasks.map(t => t.time)) : Math.min(...busy.map(t => t.time)))
  }
  advance(time: number): void {
    this.time = Math.max(this.time, time)
    for (const t of this.#tasks) if (t.idle) t.passed = Math.max(t.passed, this.time)
  }
}
