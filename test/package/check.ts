import { readFileSync } from 'node:fs'
import { checkPackedFiles, installPackage, packPackage, type Installed } from './package-folder.ts'
import { Steps } from './steps.ts'
import { newestLts, ROOT, run, temporaryFolder } from './run.ts'

// npm run check: whether the package works for those who install it. It is built, packed and installed into
// an empty folder, and its doors are used there as users do: from ES modules, CommonJS and TypeScript, with
// this Node and with the newest long-term one.

const LTS = '24'

const bin = (name: string): string => `${ROOT}/node_modules/.bin/${name}`
const manifest = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>
}
/** What the programs in fixtures/ use besides logflume, in the versions that are tested with. */
const company = ['pino', 'pino9', 'winston', '@types/node'].map(
  (name) => `${name}@${manifest.devDependencies[name] ?? ''}`,
)

const steps = new Steps()
const folder = temporaryFolder()

const tarball = await steps.take('build with types, pack', () => packPackage(folder))
if (tarball !== undefined) {
  await steps.take('the tarball has what belongs into it', () => checkPackedFiles(tarball))
  await steps.take('publint', () => run(bin('publint'), ['run', tarball, '--strict']))
  // Those who require() get the ES module, which Node does from 20.19 on: that is meant.
  const attw = [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-color']
  await steps.take('are the types wrong', () => run(bin('attw'), attw))

  const installed = await steps.take('install into an empty folder', () => installPackage(folder, tarball))
  if (installed !== undefined) await useInstalled(installed)
}
process.exitCode = steps.failed === 0 ? 0 : 1
console.log(steps.failed === 0 ? 'The package is fine.' : `${steps.failed} checks of the package failed.`)

async function useInstalled(installed: Installed): Promise<void> {
  const lts = await steps.take(`find Node ${LTS}`, () => newestLts(LTS))
  const nodes = lts === undefined ? [process.execPath] : [process.execPath, lts]
  for (const node of nodes)
    await runPrograms(installed, node, ['doors.mjs', 'doors.cjs', 'logger.mjs', 'logger.cjs'])

  await steps.take(`install ${company.join(', ')} beside it`, () => installed.add(company))
  for (const node of nodes) {
    await runPrograms(installed, node, ['adapters.mjs', 'adapters.cjs', 'pino-contract.mjs'])
    await runPrograms(installed, node, ['pino-contract.mjs'], ['pino9'])
  }
  await steps.take('types, for a user who checks those of libraries too', () =>
    run(bin('tsc'), ['--project', installed.folder], { cwd: installed.folder }),
  )
}

async function runPrograms(
  installed: Installed,
  node: string,
  programs: readonly string[],
  args: readonly string[] = [],
): Promise<void> {
  const version = (await run(node, ['--version'])).trim()
  for (const program of programs) {
    const name = [program, ...args].join(' ')
    await steps.take(`${name} with Node ${version}`, () =>
      run(node, [program, ...args], { cwd: installed.folder }),
    )
  }
}
