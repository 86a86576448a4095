-- Tables of the orders system on plain PostgreSQL and PGlite. Names and columns are a contract; schemas/orders/tables.ts describes the same columns
-- and a test compares the two. Never edit an applied migration: add another one.
--
-- Every table is partitioned by range of its "time" (UTC). It begins with a DEFAULT partition alone, so that a row of any time goes in at once;
-- months get partitions of their own by `millrace maintain`, ahead of time or out of the DEFAULT partition, and retention drops them whole.
-- No check says what an order may be (signs, amounts): whoever writes the topics decides that, and tables and aggregates must agree.

CREATE TABLE orders (
  "time" timestamptz NOT NULL,
  order_id text NOT NULL,
  user_id text NOT NULL,
  country text,
  currency text NOT NULL,
  channel text NOT NULL,
  items integer NOT NULL CHECK (items >= 0), -- lines
  units bigint NOT NULL, -- sum of their quantities
  total numeric(18,4) NOT NULL,
  PRIMARY KEY (order_id, "time")
) PARTITION BY RANGE ("time");
CREATE TABLE orders_default PARTITION OF orders DEFAULT;
CREATE INDEX orders_time ON orders ("time");
CREATE INDEX orders_user ON orders (user_id, "time");

CREATE TABLE order_items (
  "time" timestamptz NOT NULL,
  order_id text NOT NULL,
  line integer NOT NULL CHECK (line >= 0), -- from 0
  product_id text NOT NULL,
  quantity integer NOT NULL,
  price numeric(18,4) NOT NULL, -- of one unit
  amount numeric(18,4) NOT NULL, -- price times quantity, rounded once
  PRIMARY KEY (order_id, line, "time")
) PARTITION BY RANGE ("time");
CREATE TABLE order_items_default PARTITION OF order_items DEFAULT;
CREATE INDEX order_items_product ON order_items (product_id, "time");

CREATE TABLE product_views (
  "time" timestamptz NOT NULL,
  view_id text NOT NULL,
  user_id text NOT NULL,
  product_id text NOT NULL,
  session_id text,
  PRIMARY KEY (view_id, "time")
) PARTITION BY RANGE ("time");
CREATE TABLE product_views_default PARTITION OF product_views DEFAULT;
CREATE INDEX product_views_product ON product_views (product_id, "time");

CREATE TABLE order_aggregates (
  "time" timestamptz NOT NULL, -- start of the window, inclusive
  window_end timestamptz NOT NULL, -- exclusive
  user_id text NOT NULL,
  orders bigint NOT NULL CHECK (orders > 0),
  items bigint NOT NULL,
  units bigint NOT NULL,
  revenue numeric(18,4) NOT NULL,
  average numeric(18,4) NOT NULL, -- revenue / orders
  largest numeric(18,4) NOT NULL,
  smallest numeric(18,4) NOT NULL,
  revision integer NOT NULL CHECK (revision > 0),
  PRIMARY KEY (user_id, "time"),
  CHECK (window_end > "time"),
  CHECK (largest >= smallest)
) PARTITION BY RANGE ("time");
CREATE TABLE order_aggregates_default PARTITION OF order_aggregates DEFAULT;
CREATE INDEX order_aggregates_time ON order_aggregates ("time");

CREATE TABLE product_aggregates (
  "time" timestamptz NOT NULL, -- start of the window, inclusive
  window_end timestamptz NOT NULL, -- exclusive
  product_id text NOT NULL,
  orders bigint NOT NULL CHECK (orders > 0), -- distinct; an estimate beyond 1,000
  units bigint NOT NULL,
  revenue numeric(18,4) NOT NULL,
  buyers bigint NOT NULL CHECK (buyers > 0), -- distinct; an estimate beyond 1,000
  revision integer NOT NULL CHECK (revision > 0),
  PRIMARY KEY (product_id, "time"),
  CHECK (window_end > "time")
) PARTITION BY RANGE ("time");
CREATE TABLE product_aggregates_default PARTITION OF product_aggregates DEFAULT;
CREATE INDEX product_aggregates_time ON product_aggregates ("time");

CREATE TABLE trend_alerts (
  "time" timestamptz NOT NULL, -- start of the window that stood out
  alert_id text NOT NULL,
  metric text NOT NULL,
  product_id text NOT NULL,
  current float8 NOT NULL,
  baseline float8 NOT NULL,
  ratio float8, -- NULL when the baseline is all but 0
  severity text NOT NULL CHECK (severity IN ('HIGH', 'CRITICAL')),
  PRIMARY KEY (alert_id, "time")
) PARTITION BY RANGE ("time");
CREATE TABLE trend_alerts_default PARTITION OF trend_alerts DEFAULT;
CREATE INDEX trend_alerts_time ON trend_alerts ("time");

-- The views that TimescaleDB keeps as continuous aggregates, under the same names. Buckets begin at full hours and days of UTC.

CREATE VIEW order_stats_hourly AS
SELECT date_trunc('hour', "time", 'UTC') AS bucket, country, count(*) AS orders, sum(items)::bigint AS items, sum(units)::bigint AS units, sum(total) AS revenue
FROM orders GROUP BY bucket, country;

CREATE VIEW product_stats_hourly AS
SELECT date_trunc('hour', "time", 'UTC') AS bucket, product_id, sum(quantity)::bigint AS units, sum(amount) AS revenue
FROM order_items GROUP BY bucket, product_id;

CREATE VIEW order_stats_daily AS
SELECT date_trunc('day', bucket, 'UTC') AS bucket, country, sum(orders)::bigint AS orders, sum(items)::bigint AS items, sum(units)::bigint AS units, sum(revenue) AS revenue
FROM order_stats_hourly GROUP BY 1, country;
