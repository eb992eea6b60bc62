import { expect, test } from 'vitest'
import { bringableSeries, parseSeries, seriesOf, suitesWith } from './series.ts'

test('knows the releases of Debian that carry a series, the steadier one first', () => {
  expect(bringableSeries).toEqual(['3.10', '4.0', '4.3'])
  expect(suitesWith('4.3')).toEqual(['forky', 'sid'])
  expect(suitesWith('2.8')).toEqual([])
})

test.each([
  ['4.3.6', '4.3'],
  ['3.10.8', '3.10'],
  ['4.3.0-rc.1', '4.3'],
])('%s belongs to %s', (version, series) => {
  expect(seriesOf(version)).toBe(series)
})

test.each(['4', '4.3.6', 'latest', '', '4.x'])('refuses %j as the name of a series', (text) => {
  expect(() => parseSeries(text)).toThrow(expect.objectContaining({ code: 'CLUSTER_INVALID' }))
})
