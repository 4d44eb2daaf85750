import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

// The rooms, in the direction of the picture in docs/design.md. A room imports its own files and what
// every room may use; of a neighbour it imports types only. The files that wire rooms together are the
// doors (src/*.ts) and the ones named in `wires`.
const rooms = [
  'logger',
  'journal',
  'forward',
  'kafka',
  'consume',
  'transforms',
  'sinks',
  'adapters',
  'config',
]
const wires = [
  'src/logger/output.ts',
  'src/forward/run.ts',
  'src/consume/create-consumer.ts',
  'src/adapters/*.ts',
  'src/sinks/once-files.ts',
  'src/config/**/*.ts',
]

export default tseslint.config(
  { ignores: ['dist', 'coverage', '.cache', 'logs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'import-x/no-cycle': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  ...rooms.map((room) => ({
    files: [`src/${room}/**/*.ts`],
    ignores: wires,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: rooms
            .filter((other) => other !== room)
            .map((other) => ({
              group: [`**/${other}/*`],
              allowTypeImports: true,
              message: `A room knows its neighbour by a type: ${room} may import only types of ${other}.`,
            })),
        },
      ],
    },
  })),
  {
    // A sink's `write` may return nothing, also where it could have said something.
    files: ['src/consume/sink.ts'],
    rules: { '@typescript-eslint/no-invalid-void-type': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      // winston's types import winston-transport as a namespace, which makes another class of it for the rule.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
)
