/** What Warren logs to; pino, winston and console-like loggers fit. Fields come first, as in pino. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** One JSON object per line on stderr, from `info` up unless told otherwise. */
export function jsonLogger(minimum: keyof Logger = 'info', write: (line: string) => void = toStderr): Logger {
  const levels: readonly (keyof Logger)[] = ['debug', 'info', 'warn', 'error']
  const log = (level: keyof Logger) => (fields: object, message: string) => {
    if (levels.indexOf(level) < levels.indexOf(minimum)) return
    write(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, replaceErrors))
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

function toStderr(line: string): void {
  process.stderr.write(line + '\n')
}

function replaceErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const code: unknown = Reflect.get(value, 'code')
  return { name: value.name, message: value.message, ...(code === undefined ? {} : { code }), stack: value.stack }
}
