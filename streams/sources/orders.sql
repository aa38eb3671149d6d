-- Orders of a shop with many sellers (Olist): orders, customers, order_items, order_payments, order_reviews, all of them text.
-- Only the purchase says whose the order is; everything later names the order, and a review its own id as well.
WITH
  bought AS (
    SELECT
      order_id,
      customer_unique_id,
      customer_state,
      order_status,
      CAST(order_purchase_timestamp AS TIMESTAMP) AS purchased_at,
      CAST(order_approved_at AS TIMESTAMP) AS approved_at,
      CAST(order_delivered_carrier_date AS TIMESTAMP) AS carrier_at,
      CAST(order_delivered_customer_date AS TIMESTAMP) AS delivered_at,
      CAST(order_estimated_delivery_date AS TIMESTAMP) AS estimated_at,
      greatest(purchased_at, approved_at, carrier_at, delivered_at) AS last_step_at,
    FROM orders JOIN customers USING (customer_id)
  ),
  paid AS (
    SELECT order_id, sum(CAST(payment_value AS DOUBLE)) AS amount FROM order_payments GROUP BY order_id
  ),
  steps AS (
    SELECT 'order.purchased' AS action, order_id, 'purchased' AS step, purchased_at AS occurred_at, 0 AS sequence,
      customer_unique_id AS customer, estimated_at AS estimated_delivery_at, customer_state AS state, amount
    FROM bought LEFT JOIN paid USING (order_id)
    UNION ALL BY NAME
    SELECT 'payment.made' AS action, order_id, 'payment/' || payment_sequential AS step, purchased_at AS occurred_at,
      100 + CAST(payment_sequential AS BIGINT) AS sequence, CAST(payment_value AS DOUBLE) AS amount, payment_type,
      CAST(payment_installments AS BIGINT) AS installments
    FROM order_payments JOIN bought USING (order_id)
    UNION ALL BY NAME
    SELECT 'item.added' AS action, order_id, 'item/' || order_item_id AS step, purchased_at AS occurred_at,
      200 + CAST(order_item_id AS BIGINT) AS sequence, CAST(shipping_limit_date AS TIMESTAMP) AS shipping_limit_at,
      CAST(price AS DOUBLE) AS price, CAST(freight_value AS DOUBLE) AS freight, seller_id AS seller
    FROM order_items JOIN bought USING (order_id)
    UNION ALL BY NAME
    SELECT 'order.approved' AS action, order_id, 'approved' AS step, approved_at AS occurred_at, 300 AS sequence FROM bought
    UNION ALL BY NAME
    SELECT 'order.handed_to_carrier' AS action, order_id, 'carrier' AS step, carrier_at AS occurred_at, 301 AS sequence FROM bought
    UNION ALL BY NAME
    SELECT 'order.delivered' AS action, order_id, 'delivered' AS step, delivered_at AS occurred_at, 302 AS sequence FROM bought
    UNION ALL BY NAME
    -- The status has no time.  It stands behind the last known step; where nothing was delivered, not behind the promised day,
    -- since five of these orders were approved only after it, and nobody waited for them any more.
    SELECT if(order_status = 'canceled', 'order.cancelled', 'order.unavailable') AS action, order_id, 'ended' AS step,
      if(delivered_at IS NULL, least(last_step_at, estimated_at), last_step_at) AS occurred_at, 303 AS sequence
    FROM bought WHERE order_status IN ('canceled', 'unavailable')
    UNION ALL BY NAME
    SELECT 'survey.sent' AS action, order_id, 'survey/' || review_id AS step,
      CAST(review_creation_date AS TIMESTAMP) AS occurred_at, 400 AS sequence, review_id AS review
    FROM order_reviews
    UNION ALL BY NAME
    SELECT 'review.answered' AS action, order_id, 'review/' || review_id AS step,
      CAST(review_answer_timestamp AS TIMESTAMP) AS occurred_at, 401 AS sequence, review_id AS review,
      CAST(review_score AS BIGINT) AS score
    FROM order_reviews
  )
SELECT
  CASE
    WHEN action = 'payment.made' THEN 'payments'
    WHEN action IN ('survey.sent', 'review.answered') THEN 'survey'
    ELSE 'shop'
  END AS source,
  order_id || '/' || step AS event_id,
  occurred_at,
  sequence,
  CASE
    WHEN action IN ('order.purchased', 'payment.made', 'item.added') THEN 'product'
    WHEN action = 'review.answered' THEN 'human'
    ELSE 'system'
  END AS origin,
  CASE
    WHEN action IN ('order.handed_to_carrier', 'order.delivered') THEN 'carrier'
    WHEN action IN ('survey.sent', 'review.answered') THEN 'mail'
    ELSE 'web'
  END AS channel,
  action,
  CASE
    WHEN action IN ('order.purchased', 'payment.made', 'review.answered') THEN 'inbound'
    WHEN action IN ('order.delivered', 'survey.sent') THEN 'outbound'
    ELSE 'none'
  END AS direction,
  'BR' AS region,
  'pt-BR' AS locale,
  order_id AS identifier_order,
  customer AS identifier_customer,
  review AS identifier_review,
  estimated_delivery_at AS attribute_estimated_delivery_at,
  shipping_limit_at AS attribute_shipping_limit_at,
  score AS attribute_score,
  amount AS attribute_amount,
  payment_type AS attribute_payment_type,
  installments AS attribute_installments,
  price AS attribute_price,
  freight AS attribute_freight,
  seller AS attribute_seller,
  state AS attribute_state,
FROM steps
WHERE occurred_at IS NOT NULL
ORDER BY occurred_at, order_id, sequence, event_id
