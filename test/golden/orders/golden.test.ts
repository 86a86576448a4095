// The processors of the orders system: files of input against files of what must come of it.
import { golden } from '#lib/testing/golden.ts'
import { etlProcessor } from '#processors/orders/etl-processor.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import { ordersGenerator } from '#processors/orders/orders-generator.ts'
import { trendDetector } from '#processors/orders/trend-detector.ts'

const files = (name: string) => ({
  input: new URL(`./${name}.input.ndjson`, import.meta.url),
  expected: new URL(`./${name}.expected.ndjson`, import.meta.url),
})

golden('orders of five minutes, per user and per product', { processors: eventAggregator, ...files('event-aggregator/five-minutes') })
golden('odd orders and exact amounts', { processors: eventAggregator, ...files('event-aggregator/odd-orders') })
golden('orders that cannot be added up', { processors: eventAggregator, ...files('event-aggregator/refused') })
// What is late hangs on what other keys of the partition have moved stream time to.
golden('orders that come late', { processors: eventAggregator, partitions: [1], ...files('event-aggregator/late') })
golden('silence closes windows', { processors: eventAggregator, partitions: [1], ...files('event-aggregator/silence') })

golden('views above what is usual', { processors: trendDetector, killEvery: 10, ...files('trend-detector/views') })
golden('the borders of what is usual', { processors: trendDetector, killEvery: 20, ...files('trend-detector/quiet-minutes') })
golden('revenue above what is usual', { processors: trendDetector, ...files('trend-detector/revenue') })

golden('rows of all tables', { processors: etlProcessor, ...files('etl-processor/rows') })
golden('generated events', { processors: ordersGenerator, ...files('orders-generator/events') })
