import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dateFormat } from '../../../src/logger/formatters/date-format.ts'

const date = fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true })

test('what is written in full is read back, on either clock', () => {
  for (const zone of ['utc', 'local'] as const) {
    for (const format of ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '%Y-%m-%dT%H:%M:%S.%L%z']) {
      const text = dateFormat('d', format, zone)
      fc.assert(
        fc.property(date, (at) => {
          // Of Date's own forms the zone has a colon.
          const written = text(at.getTime()).replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
          assert.equal(Date.parse(written), at.getTime(), written)
        }),
      )
    }
  }
})

test('each letter, in Java and in strftime', () => {
  const at = Date.UTC(2026, 1, 3, 4, 5, 6, 7) // a Tuesday
  const cases: Record<string, string> = {
    'yyyy yy M MM MMM MMMM d dd D DDD': '2026 26 2 02 Feb February 3 03 34 034',
    'E EEEE u a H HH k K h hh m mm s ss': 'Tue Tuesday 2 AM 4 04 4 4 4 04 5 05 6 06',
    "S SS SSS SSSSSS Z z X XX 'o''clock' ''": "0 00 007 007000 +0000 UTC Z Z o'clock '",
    '%Y %y %C %m %B %b %d %e %j %A %a %u %w': '2026 26 20 02 February Feb 03  3 034 Tuesday Tue 2 2',
    '%H %k %I %l %M %S %L %N %p %P %z %Z %-d %-m %%': '04  4 04  4 05 06 007 007000000 AM am +0000 UTC 3 2 %',
    '%F %T %R %D': '2026-02-03 04:05:06 04:05 02/03/26',
    '%s': String((at - 7) / 1000),
    UNIX_MILLIS: String(at),
    COMPACT: '20260203040506007',
  }
  for (const [format, text] of Object.entries(cases))
    assert.equal(dateFormat('d', format, 'utc')(at), text, format)
})

test('noon and midnight of the clock with twelve hours', () => {
  const text = dateFormat('d', 'h K k a', 'utc')
  assert.equal(text(Date.UTC(2026, 0, 1, 0)), '12 0 24 AM')
  assert.equal(text(Date.UTC(2026, 0, 1, 12)), '12 0 12 PM')
})
