import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findBroker } from './broker.ts'
import { Consumer, Shop } from './cast.ts'
import { Load } from './load.ts'
import { optionsOrExit, type DemoOptions } from './options.ts'
import { heading, NOTHING_YET, number, row, shopCounts, time, type Progress } from './progress.ts'
import { Screen } from './screen.ts'
import { Stage } from './stage.ts'
import { isComplete, summary } from './summary.ts'
import { countLines, readDailyFiles, readJournal, verify } from './verify.ts'

// npm start: a shop logs to disk and from there into Kafka, and a consumer makes files of it. Both are
// processes of their own; this one sends customers, kills the shop half-way, starts it again, and looks in
// the end whether every line came through.

const REQUESTS_PER_SECOND = 300
/** When the shop is killed, as a share of the time. */
const KILL_AT = 0.4

const options = optionsOrExit(process.argv.slice(2))
const screen = new Screen(process.stdout)
const stage = new Stage(screen)
process.exit(await stage.perform(() => story(options)))

async function story({ seconds, kafka: kafkaWanted }: DemoOptions): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-demo-'))
  const [logs, daily] = [join(dir, 'logs'), join(dir, 'daily')]

  // Kafka, the shop, the consumer.
  const broker = await findBroker(kafkaWanted, (text) => screen.say(text))
  stage.onEnd(broker.end)
  void broker.died.then((reason) => stage.fail(reason))
  screen.say(broker.description)
  const topic = basename(dir)
  const kafka = broker.brokers && { brokers: broker.brokers, topic }
  const from = kafka ? { brokers: kafka.brokers, topics: [topic], group: topic } : { dir: logs, name: 'shop' }

  let progress: Progress = NOTHING_YET
  const shop = await Shop.open(stage, { dir: logs, kafka }, (stats) => {
    progress = { ...progress, shop: shopCounts(stats) }
  })
  const consumer = await Consumer.start(stage, { from, dir: daily }, (stats) => {
    progress = { ...progress, consumer: stats }
  })
  screen.say(
    `The shop is process ${shop.pid}, the consumer ${consumer.pid}${kafka ? `, the topic ${topic}` : ''}.`,
  )
  screen.say(`All files are in ${dir}\n`)

  // Customers.
  const forwarded = kafka ? 'in Kafka' : 'on disk'
  const load = new Load(shop.port, REQUESTS_PER_SECOND)
  screen.say(heading(forwarded))
  screen.follow(() => row(load.seconds, progress))
  const tell = (event: string): void => screen.say(`${time(load.seconds)}  ${event}`)
  await delay(KILL_AT * seconds * 1000)

  // A sudden death, and a second life.
  await shop.kill()
  const onDisk = countLines(await readJournal(logs, 'shop'))
  const firstLife = { onDisk, gone: Math.max(0, progress.shop.written - onDisk) }
  tell(`kill -9 of the shop: ${number(onDisk)} lines are on disk, ${number(firstLife.gone)} are not`)
  const reopened = await Shop.open(stage, { dir: logs, kafka }, (stats) => {
    progress = { ...progress, shop: shopCounts(stats, firstLife) }
  })
  load.port = reopened.port
  tell(`the shop is open again, process ${reopened.pid}`)
  await delay((1 - KILL_AT) * seconds * 1000)

  // Closing time: first the customers, then the shop with its logger, then the consumer.
  await load.stop()
  const shopStats = await reopened.close()
  const journal = await readJournal(logs, 'shop')
  const { stats, modules } = await consumer.finish(countLines(journal))
  screen.unfollow()

  // Was it all there?
  const files = await readDailyFiles(daily)
  const outcome = {
    forwarded,
    shop: shopCounts(shopStats, firstLife),
    firstLife,
    verdict: verify(journal, files),
    modules,
    latency: stats.latency,
    requests: load,
    dir,
    files,
  }
  screen.say(`\n${summary(outcome)}`)
  return isComplete(outcome)
}
