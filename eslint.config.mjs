import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const BLOB_BYTES = {
  selector:
    ':matches(TSAsExpression, TSTypeAssertion) > .typeAnnotation Identifier[name=/^(ReadableBlob|FillableBlob|ReadRight)$/]',
  message: 'Only BlobAccess grants access to the bytes of a blob (ADR 26). Use the blob that it returns.',
};

const LOG_MESSAGE = {
  selector:
    'CallExpression[callee.property.name=/^(debug|info|warn|error)$/]' +
    ':matches([callee.object.name=/^log(ger)?$/], [callee.object.property.name=/^log(ger)?$/])' +
    ' > Literal[value=/^[^A-Z]|[.]$/]',
  message: 'A log line is a sentence with a capital letter and without a full stop (docs/contributing/writing.md).',
};

/**
 * Rules for mistakes that reviews miss: types, unhandled promises, environment reads outside
 * config.ts.
 */
export default tseslint.config(
  { ignores: ['dist', 'coverage', 'proto/gen', 'node_modules', '.layover'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only config.ts reads the environment. Use a value of the configuration.',
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['data-plane/src/blobs/blob-access.ts', 'data-plane/src/store/guard/internal-right.ts'],
    rules: {
      'no-restricted-syntax': ['error', BLOB_BYTES],
    },
  },
  {
    files: ['common/**/*.ts', '{control-plane,data-plane,edge-http,standalone}/src/**/*.ts'],
    ignores: ['data-plane/src/blobs/blob-access.ts', 'data-plane/src/store/guard/internal-right.ts'],
    rules: { 'no-restricted-syntax': ['error', BLOB_BYTES, LOG_MESSAGE] },
  },
  {
    files: ['**/config.ts', 'test/**', 'bench/**', 'demo/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['demo/**', 'bench/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
