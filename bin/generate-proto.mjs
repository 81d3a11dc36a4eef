// Generates proto/gen from proto/layover/v1 with @grpc/proto-loader; protoc is not needed. The
// types describe messages as common/grpc/load-proto.ts loads them, so both must use the same
// options.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = process.argv[2] ?? join(root, 'proto', 'gen');
rmSync(outDir, { recursive: true, force: true });
const generator = join(root, 'node_modules', '@grpc', 'proto-loader', 'build', 'bin', 'proto-loader-gen-types.js');
for (const file of ['registry.proto', 'catalog.proto', 'storage.proto', 'node.proto']) {
  const done = spawnSync(
    process.execPath,
    [
      generator,
      '--longs=Number',
      '--enums=String',
      '--defaults',
      '--oneofs',
      '--grpcLib=@grpc/grpc-js',
      `--outDir=${outDir}`,
      `--includeDirs=${join(root, 'proto')}`,
      '--',
      `layover/v1/${file}`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (done.status !== 0) process.exit(done.status ?? 1);
}

// The generator writes absolute paths into the files. Committed files must not depend on the
// machine.
for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name);
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/^\/\/ Original file: .*?\/?(proto\/.*)$/gm, '// Original file: $1'),
  );
}
