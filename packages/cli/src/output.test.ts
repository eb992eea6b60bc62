import { expect, onTestFinished, test, vi } from 'vitest'
import { Output, visible } from './output.ts'

const hostile = 'a\u001b[31mb\u009bc\u202ed\ttab\nline'

test('makes visible what would steer the terminal, but for line ends', () => {
  expect(visible(hostile)).toBe('a\\x1b[31mb\\x9bc\\u202ed\\x09tab\nline')
})

test('writes JSON that steers no terminal and says the same', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => write.mockRestore())
  new Output({ isJson: true }).result({ hostile }, () => '')
  const written = String(write.mock.calls[0]?.[0])
  expect(visible(written)).toBe(written)
  expect(JSON.parse(written)).toEqual({ hostile })
})
