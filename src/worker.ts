import { runWorker } from './forward/run.ts'

// The worker thread's own door. Found by the package's name, since a bundler moves relative files.
await runWorker()
