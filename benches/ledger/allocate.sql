-- What `frazil cost read` and `frazil cost --by user` do (rule request, idle apart, shared none), in DuckDB:
-- sums by day are stored, and each node's day is divided among its pods by 9 times their core-hours plus
-- their GiB-hours. `bill` is the month.

CREATE TABLE machine AS SELECT * FROM (VALUES
  ('r7i.2xlarge', 8, 64), ('m6i.4xlarge', 16, 64), ('r7i.large', 2, 16)
) AS machine (machine, vcpu, gib);

CREATE TABLE line AS
SELECT
  line_item_usage_start_date::DATE AS day,
  line_item_line_item_type AS charge,
  line_item_usage_account_id AS account,
  line_item_product_code AS service,
  line_item_usage_type AS usage_type,
  line_item_operation AS operation,
  product_region_code AS region,
  line_item_resource_id AS resource,
  pricing_unit AS unit,
  resource_tags AS tags,
  line_item_currency_code AS currency,
  sum(line_item_usage_amount) AS quantity,
  sum(line_item_unblended_cost::DECIMAL(38, 12)) AS billed,
  sum(pricing_public_on_demand_cost::DECIMAL(38, 12)) AS list,
  count(*) AS lines
FROM bill
WHERE line_item_operation <> 'EKSPod-EC2'
GROUP BY ALL;

CREATE TABLE use AS
SELECT
  line_item_usage_start_date::DATE AS day,
  split_line_item_parent_resource_id AS node,
  line_item_resource_id AS pod,
  resource_tags AS labels,
  sum(CASE WHEN pricing_unit = 'vCPU-Hours' THEN split_line_item_reserved_usage ELSE 0 END) AS cpu_requested,
  sum(CASE WHEN pricing_unit = 'vCPU-Hours' THEN split_line_item_actual_usage ELSE 0 END) AS cpu_used,
  sum(CASE WHEN pricing_unit = 'vCPU-Hours' THEN split_line_item_split_usage ELSE 0 END) AS cpu_largest,
  sum(CASE WHEN pricing_unit = 'GB-Hours' THEN split_line_item_reserved_usage ELSE 0 END) AS memory_requested,
  sum(CASE WHEN pricing_unit = 'GB-Hours' THEN split_line_item_actual_usage ELSE 0 END) AS memory_used,
  sum(CASE WHEN pricing_unit = 'GB-Hours' THEN split_line_item_split_usage ELSE 0 END) AS memory_largest
FROM bill
WHERE line_item_operation = 'EKSPod-EC2'
GROUP BY ALL;

CREATE TABLE part AS
WITH pod AS (
  SELECT day, node, pod, labels['user_hub_jupyter_org_username'] AS person, 9 * cpu_requested + memory_requested AS weight
  FROM use
), pods AS (
  SELECT day, node, sum(weight) AS weight FROM pod GROUP BY ALL
), node AS (
  SELECT line.*, tags['user_frazil_hub'] AS hub, tags['user_frazil_pool'] AS pool, machine.vcpu IS NOT NULL AS is_machine,
    greatest((9 * vcpu + gib) * quantity, pods.weight) AS whole, pods.weight AS taken
  FROM line
  LEFT JOIN machine ON line.usage_type LIKE '%:' || machine.machine
  LEFT JOIN pods ON line.day = pods.day AND line.resource = pods.node
), divided AS (
  SELECT node.day, coalesce(person, '') AS person, CASE WHEN person IS NULL THEN 'shared' ELSE 'person' END AS kind,
    billed::DOUBLE * weight / whole AS cost
  FROM node JOIN pod ON node.day = pod.day AND node.resource = pod.node
  WHERE hub IS NOT NULL AND is_machine AND pool IN ('user', 'dask')
  UNION ALL
  SELECT day, '', CASE WHEN taken IS NULL THEN 'unattributed' ELSE 'idle' END, billed::DOUBLE * (whole - coalesce(taken, 0)) / whole
  FROM node WHERE hub IS NOT NULL AND is_machine AND pool IN ('user', 'dask')
  UNION ALL
  SELECT day, '', CASE WHEN hub IS NULL THEN 'foreign' ELSE 'shared' END, billed::DOUBLE
  FROM node WHERE hub IS NULL OR NOT is_machine OR pool NOT IN ('user', 'dask') OR pool IS NULL
)
SELECT kind, person, sum(cost) AS cost FROM divided GROUP BY ALL ORDER BY kind, person;
