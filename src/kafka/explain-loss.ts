interface Circumstances {
  readonly address: string
  /** The broker has answered something that it answers only after a login, where it wants one. */
  readonly welcomed: boolean
}

const NO_TLS = /WRONG_VERSION_NUMBER|wrong version number|packet length too long/
const WANTS_CERTIFICATE = /CERTIFICATE_REQUIRED|certificate required|handshake failure|bad certificate/

/** Why a connection was lost, in words that say what to look at; a system's own messages may not name a host. */
export function explainLoss(error: unknown, { address, welcomed }: Circumstances): Error {
  if (!(error instanceof Error)) {
    const hint = welcomed ? '' : ' before it answered; where it always does, look at tls and sasl'
    return new Error(`${address} closed the connection${hint}`)
  }
  const code = 'code' in error ? String(error.code) : ''
  const said = `${code} ${error.message}`
  if (NO_TLS.test(said)) return new Error(`${address} does not speak TLS on this port`, { cause: error })
  if (WANTS_CERTIFICATE.test(said)) {
    return new Error(`${address} wants a certificate of ours that it trusts: ${error.message}`, {
      cause: error,
    })
  }
  return error.message.includes(address) ? error : new Error(`${address}: ${error.message}`, { cause: error })
}
