// node build-webpack.mjs webpack|rspack
import { rspack } from '@rspack/core';
import webpack from 'webpack';
import { bundle } from './webpack.config.mjs';

const name = process.argv[2];
const [build, loader] = name === 'rspack' ? [rspack, 'builtin:swc-loader'] : [webpack, 'swc-loader'];

build(bundle(name, loader), (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString({ all: false, errors: true }));
});
