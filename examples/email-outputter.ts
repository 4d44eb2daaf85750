import { createLogger, defineOutputter, patternFormatter } from 'logflume'
import { createTransport } from 'nodemailer'

// Log4r's EmailOutputter in a few lines: errors are collected for a while and sent in one mail.
//   SMTP_URL=smtp://127.0.0.1:2525 npx tsx examples/email-outputter.ts [directory]
const dir = process.argv[2] ?? 'logs'

const smtp = createTransport(process.env.SMTP_URL ?? 'smtp://127.0.0.1:25')

const email = defineOutputter({
  name: 'email',
  level: 'error',
  formatter: patternFormatter('%d %p %c: %m%n'),
  batch: { records: 100, wait: 60_000 }, // a mail a minute at most, unless there is much to tell
  async write(entries) {
    const first = entries[0]?.record
    await smtp.sendMail({
      from: 'shop@example.org',
      to: 'ops@example.org',
      subject: `${first?.service ?? ''}: ${entries.length} errors, first: ${first?.message ?? ''}`,
      text: entries.map(({ text }) => text).join(''),
    })
  },
  close: () => smtp.close(),
})

const log = createLogger({ name: 'shop', dir, outputters: [email] })
log.info('server started')
log.error('card reader is gone')
log.get('db').error(new Error('connection refused'), 'query failed')

// Sends what waits. A program that ends without it sends it as well, but not one that calls process.exit.
const { outputters } = await log.close()
console.log(`email: ${outputters.email?.written ?? 0} written, ${outputters.email?.pending ?? 0} pending`)
