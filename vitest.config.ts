import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    globalSetup: ['test/temporary-files.ts', 'test/build-client.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default config;
