import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Files of `floor` may not import from any of `above`. */
const floor = (files, above) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: above.map((name) => ({
          group: [`**/${name}/**`, `**/${name}`],
          message: `The arrows go App → pages → components → lib; this would point back to ${name}.`,
        })),
      },
    ],
  },
});

export default ts.config(
  { ignores: ['dist/', 'node_modules/'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.svelte.ts', '.js'] })],
      // It cannot read the imports of components: tests/architecture.test.ts looks at those.
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-self-import': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  { files: ['tests/browser/**'], languageOptions: { globals: globals.node } },
  floor(['src/lib/**'], ['components', 'pages']),
  floor(['src/components/**'], ['pages', 'state']),
  floor(['src/pages/**'], ['App.svelte']),
);
