import { cruising, forbidden } from './lint/rooms.ts'

/** For use by hand, e.g. `npx depcruise lib app`; the test command runs test/arch/imports.test.ts. */
export default { forbidden, options: cruising }
