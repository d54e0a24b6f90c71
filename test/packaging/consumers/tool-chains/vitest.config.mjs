import swcPlugin from 'unplugin-swc';
import { defineConfig } from 'vitest/config';
import { swc } from './swc.mjs';

export default defineConfig({
  test: { globals: true, include: ['spec/*.test.ts'] },
  plugins: [swcPlugin.vite({ ...swc, module: { type: 'es6' } })],
});
