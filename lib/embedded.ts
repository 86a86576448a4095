// The third public door: processors running in a program of one's own.

export { type Embedded, embedded, type EmbeddedOptions } from './embedded/embedded.ts'
export type { Migration } from './embedded/migrated-tables.ts'
// What is observed: `millrace.observe(topic)`
export type { Committed, ObserveOptions } from './rx/observe-topic.ts'
// Files as a feed
export { type FileFeedOptions, openFileFeed } from './adapters/file/file-feed.ts'
export type { Feed, FeedReader } from './ports/feed.ts'
// What can be asked
export type * from './ports/inspection.ts'
export type { QueryResult } from './ports/tables.ts'
