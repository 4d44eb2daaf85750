import type { ProgramInput, Subject } from './program.ts'

/** Nothing listens on port 1: forwarding is busy with a broker that is not there. */
const NO_BROKER = 1

/** Rotation and forwarding on, and a way to have the forwarding thread die. */
export function forwarding({ dir, hungPort = NO_BROKER }: ProgramInput) {
  let replaced: () => void = () => undefined
  const options = {
    name: 'app',
    dir,
    kafka: { brokers: [`127.0.0.1:${hungPort}`] },
    onDiagnostic({ message }: { message: string }) {
      if (message.includes('will be started again')) replaced()
    },
  }
  const killWorker: Subject['killWorker'] = async () => {
    const told = new BroadcastChannel('logflume test')
    told.postMessage('die')
    await new Promise<void>((resolve) => (replaced = resolve))
    told.close()
  }
  return { options, killWorker }
}
