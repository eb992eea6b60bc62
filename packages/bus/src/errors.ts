/**
 * Every error Warren's bus throws or records has a code of this registry; branch on codes, never on messages.
 * `docs/error-codes.md` lists the same codes and a test compares the two.
 */
export const errorCodes = {
  // catalog
  CATALOG_INVALID: 'an entity, scope or event of the catalog is named against the rules, or defined twice',
  EVENT_UNKNOWN: 'the name is not in the catalog',
  EVENT_INVALID: 'the payload does not fit the schema of its event',
  EVENT_TOO_LARGE: 'the encoded payload is larger than maxBodyBytes',
  ENTITY_ID_MISSING: 'neither options.entityId nor the identity field of the payload holds a value',
  PATTERN_INVALID: 'the pattern is not a valid AMQP topic pattern over names',
  PATTERN_MATCHES_NOTHING: 'no event of the catalog matches the pattern',
  WATCH_INVALID: 'a watch has no name or no pattern, more of something than it may, or a period that is none',
  COMPENSATION_INVALID: 'compensation is to be set to something that it cannot be, or to nothing',
  // envelope
  MESSAGE_INVALID: 'a message from the broker is not a Warren envelope',
  // amqp
  CONNECTION_REFUSED: 'no endpoint could be reached',
  ACCESS_REFUSED: 'the broker refused the user name, the password or the vhost',
  TLS_FAILED: 'the TLS handshake or the verification of a certificate failed',
  ENDPOINT_INVALID: 'an endpoint is not an amqp: or amqps: URL',
  QUEUE_INEQUIVALENT: 'the queue exists with other arguments than the subscription needs',
  EXCHANGE_INEQUIVALENT: 'the exchange exists with another type or durability',
  TOPOLOGY_REFUSED: 'the broker refused to declare an exchange, a queue or a binding',
  // store
  STORE_REQUIRED: 'the operation needs a store and the bus has none',
  STORE_UNAVAILABLE: 'the database cannot be reached',
  STORE_FORBIDDEN: "the database user lacks a right on the store's schema",
  STORE_SHARED: 'another service uses the store',
  STORE_INVALID: 'the file of the SQLite store is no SQLite database',
  STORE_NOT_MIGRATED: "the store's schema is older than this version; run warren store migrate",
  STORE_TOO_NEW: "the store's schema was written by a newer version of Warren",
  MIGRATION_CHANGED: 'a migration was applied to the store with another text than this version has',
  STORE_BUSY:
    'another transaction holds the same message for longer than the statement timeout; nothing is wrong with either',
  TRANSACTION_INVALID: 'the value passed as tx is not a transaction of this store',
  TRANSACTION_ABORTED:
    'a statement failed, its error was caught, and the database takes nothing more of the transaction',
  TRANSACTION_CLOSED: 'a transaction was used after it was committed, rolled back or taken away',
  COMMIT_UNKNOWN: 'the connection was lost while committing; whether the transaction stands is not known',
  TRANSACTION_NESTED: 'a transaction was opened inside another one of the same store, which would wait for itself',
  // outbox
  EVENT_UNROUTABLE: 'no queue took the event; it stays and is tried again',
  EVENT_UNPUBLISHABLE: 'the broker refuses this very message; it is kept aside and not tried again by itself',
  PUBLISH_UNCONFIRMED: 'the broker did not confirm; the event is published again with the same id',
  // inbox
  SUBSCRIPTION_INVALID: 'a subscription is named against the rules or defined twice',
  HANDLER_FAILED: 'the handler threw',
  HANDLER_TIMEOUT: 'the handler ran longer than its deadline',
  HANDLER_CRASHED: 'the process died in this handler too often',
  MESSAGE_TOO_OLD: 'the message is older than the inbox remembers, so it cannot be told from a duplicate',
  ORDER_BLOCKED: 'an earlier event of the same entity is not settled yet; it is handled as soon as that is',
  ORDER_PASSED:
    'a later event of the same entity was handled already, because a person let it, or the subscription was new',
  DEAD_LETTERED: 'the broker gave up on the message',
  // bus
  BUS_STOPPED: 'the bus is stopped or was never started',
  CONFIG_INVALID: 'an option has a value that cannot be used',
} as const

export type ErrorCode = keyof typeof errorCodes

/** An error with a stable `code` and the values it is about. Messages never hold passwords. */
export class WarrenError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'WarrenError'
    this.code = code
    this.details = details
  }
}

/** True for a WarrenError, of the given code if one is given. */
export function isWarrenError(error: unknown, code?: ErrorCode): error is WarrenError {
  return error instanceof WarrenError && (code === undefined || error.code === code)
}
