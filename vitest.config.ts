import { defineConfig } from 'vitest/config'

const conditions = ['@warren/source']
/** Tests that take minutes: installations of several hosts or clusters, downloads, walks through pages. `npm run test:long`. */
const long = ['{packages,examples}/*/test/long/**/*.test.ts', 'test/long/**/*.test.ts']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Where the global set-up runs.
  environments: { __vitest__: { resolve: { conditions, externalConditions: conditions } } },
  test: {
    // Sources run directly by Node in production and in the child processes of tests; here too.
    execArgv: ['--conditions=@warren/source'],
    globalSetup: ['test/support/global-setup.ts'],
    // Two cores are shared with a broker and a database.
    maxWorkers: 2,
    // The OpenID provider of the tests says at each start that it is none for production.
    onConsoleLog: (log) => (log.startsWith('oidc-provider ') ? false : undefined),
    reporters: ['default', './scripts/summary-reporter.ts'],
    // The first to ask for the shared cluster waits for its start as well: half a minute, and a whole one beside other work.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'usual',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'examples/**/*.test.ts',
            'test/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude: long,
        },
      },
      { extends: true, test: { name: 'long', include: long } },
    ],
  },
})
