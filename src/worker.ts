import { runWorker } from './forward/run.ts'

// The worker thread's own door. Found by the package's name, since a bundler moves relative files.
// Not awaited here: a module that awaits at its top cannot be required by CommonJS.
void runWorker()
