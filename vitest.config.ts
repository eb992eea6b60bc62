import { defineConfig } from 'vitest/config'

const conditions = ['@warren/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Where the global set-up runs.
  environments: { __vitest__: { resolve: { conditions, externalConditions: conditions } } },
  test: {
    // Sources run directly by Node in production and in the child processes of tests; here too.
    execArgv: ['--conditions=@warren/source'],
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/**/*.test.ts',
      'test/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    globalSetup: ['test/support/global-setup.ts'],
    // Two cores are shared with a broker and a database.
    maxWorkers: 2,
    reporters: ['default', './scripts/summary-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
