/** What is to be done about a batch that was not acknowledged. */
export type Verdict =
  /** Send the same bytes again, later. */
  | 'again'
  /** Cut it smaller; a single line is given up. */
  | 'split'
  /** Send without times: one of them is too far from the broker's own. */
  | 'unstamp'
  /** The broker does not know our numbering any more: take a new producer id. */
  | 'renumber'

/** Kafka's error codes, by https://kafka.apache.org/protocol#protocol_error_codes */
const TOO_LARGE = [10 /* MESSAGE_TOO_LARGE */, 18 /* RECORD_LIST_TOO_LARGE */, 87 /* INVALID_RECORD */]
const INVALID_TIMESTAMP = 32
const NUMBERING = [
  45 /* OUT_OF_ORDER_SEQUENCE_NUMBER */, 47 /* INVALID_PRODUCER_EPOCH */,
  49 /* INVALID_PRODUCER_ID_MAPPING */, 59 /* UNKNOWN_PRODUCER_ID */, 90 /* PRODUCER_FENCED */,
]

/**
 * By the broker's error code; none: no answer came, the batch may or may not be there, and only the very
 * same one may be sent. Everything that is not known to be final is tried again: a topic may come back, a
 * permission may be granted, and the journal can wait.
 */
export function verdict(kafkaCode: number | undefined): Verdict {
  if (kafkaCode === undefined) return 'again'
  if (kafkaCode === INVALID_TIMESTAMP) return 'unstamp'
  if (TOO_LARGE.includes(kafkaCode)) return 'split'
  return NUMBERING.includes(kafkaCode) ? 'renumber' : 'again'
}
