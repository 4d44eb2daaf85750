import { LogflumeError } from '../errors.ts'

/** Codes that brokers answer with. https://kafka.apache.org/protocol#protocol_error_codes */
export const KafkaCode = {
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  TOPIC_ALREADY_EXISTS: 36,
  DUPLICATE_SEQUENCE_NUMBER: 46,
} as const

/** Kafka's names of the codes that our requests can meet, and of those whether repeating is pointless. */
const answers: Readonly<Record<number, readonly [name: string, final?: 'final']>> = {
  [-1]: ['UNKNOWN_SERVER_ERROR'],
  2: ['CORRUPT_MESSAGE'],
  3: ['UNKNOWN_TOPIC_OR_PARTITION'],
  5: ['LEADER_NOT_AVAILABLE'],
  6: ['NOT_LEADER_OR_FOLLOWER'],
  7: ['REQUEST_TIMED_OUT'],
  8: ['BROKER_NOT_AVAILABLE'],
  9: ['REPLICA_NOT_AVAILABLE'],
  10: ['MESSAGE_TOO_LARGE', 'final'],
  13: ['NETWORK_EXCEPTION'],
  14: ['COORDINATOR_LOAD_IN_PROGRESS'],
  15: ['COORDINATOR_NOT_AVAILABLE'],
  16: ['NOT_COORDINATOR'],
  17: ['INVALID_TOPIC_EXCEPTION', 'final'],
  18: ['RECORD_LIST_TOO_LARGE', 'final'],
  19: ['NOT_ENOUGH_REPLICAS'],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
  21: ['INVALID_REQUIRED_ACKS', 'final'],
  29: ['TOPIC_AUTHORIZATION_FAILED', 'final'],
  31: ['CLUSTER_AUTHORIZATION_FAILED', 'final'],
  32: ['INVALID_TIMESTAMP', 'final'],
  33: ['UNSUPPORTED_SASL_MECHANISM', 'final'],
  34: ['ILLEGAL_SASL_STATE'],
  35: ['UNSUPPORTED_VERSION', 'final'],
  36: ['TOPIC_ALREADY_EXISTS', 'final'],
  37: ['INVALID_PARTITIONS', 'final'],
  38: ['INVALID_REPLICATION_FACTOR', 'final'],
  39: ['INVALID_REPLICA_ASSIGNMENT', 'final'],
  40: ['INVALID_CONFIG', 'final'],
  41: ['NOT_CONTROLLER'],
  42: ['INVALID_REQUEST', 'final'],
  43: ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 'final'],
  44: ['POLICY_VIOLATION', 'final'],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'final'],
  46: ['DUPLICATE_SEQUENCE_NUMBER', 'final'],
  47: ['INVALID_PRODUCER_EPOCH', 'final'],
  48: ['INVALID_TXN_STATE', 'final'],
  49: ['INVALID_PRODUCER_ID_MAPPING', 'final'],
  51: ['CONCURRENT_TRANSACTIONS'],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'final'],
  54: ['SECURITY_DISABLED', 'final'],
  56: ['KAFKA_STORAGE_ERROR'],
  58: ['SASL_AUTHENTICATION_FAILED', 'final'],
  59: ['UNKNOWN_PRODUCER_ID', 'final'],
  72: ['LISTENER_NOT_FOUND'],
  74: ['FENCED_LEADER_EPOCH'],
  75: ['UNKNOWN_LEADER_EPOCH'],
  76: ['UNSUPPORTED_COMPRESSION_TYPE', 'final'],
  87: ['INVALID_RECORD', 'final'],
  89: ['THROTTLING_QUOTA_EXCEEDED'],
  90: ['PRODUCER_FENCED', 'final'],
  100: ['UNKNOWN_TOPIC_ID'],
}

/**
 * Kafka said no, or nothing. A code that is not in our list counts as retryable: lines that wait on disk
 * can still be sent later, lines given up cannot.
 */
export class KafkaRefusal extends LogflumeError {
  /**
   * The broker's error code, as in 10; undefined when no answer came, so that what was asked for may have
   * happened or not.
   */
  readonly kafkaCode: number | undefined
  /** The code's name, as in 'MESSAGE_TOO_LARGE'; undefined when no answer came. */
  readonly kafkaName: string | undefined

  private constructor(message: string, retryable: boolean, code?: number, name?: string, cause?: unknown) {
    super('KAFKA', message, { retryable, cause })
    this.kafkaCode = code
    this.kafkaName = name
  }

  /** A broker answered `what` with an error code. */
  static answered(code: number, what: string): KafkaRefusal {
    const [name, final] = answers[code] ?? [`ERROR_${code}`]
    return new KafkaRefusal(`${what}: ${name} (${code})`, final === undefined, code, name)
  }

  /** No answer came: no connection, a lost one, too late. */
  static unanswered(
    what: string,
    { cause, retryable = true }: { cause?: unknown; retryable?: boolean } = {},
  ): KafkaRefusal {
    return new KafkaRefusal(what, retryable, undefined, undefined, cause)
  }
}
