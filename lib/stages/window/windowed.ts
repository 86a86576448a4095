import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import { applied, flowOf, WindowedNode } from '../flow.ts'
import type { Windowing } from './windowing.ts'

/** The stage that puts records into windows. */
export const windowed = <T, K, M extends 'fixed' | 'merging'>(windowing: Windowing): Stage<Flow<T, K>, Windowed<T, K, M>> =>
  applied(windowing.kind, shape => new WindowedNode(flowOf(shape, windowing.kind).node, Object.freeze(windowing)))
