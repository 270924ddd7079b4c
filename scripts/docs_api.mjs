// Writes the API reference, dist/api, from the docstrings of what index.ts and node.ts export. Fails where an export has none.
// --check writes nothing.
import { register } from "node:module";

process.chdir(new URL("..", import.meta.url).pathname);
// TypeDoc needs the compiler's JavaScript interface, which typescript 7 does not have: it gets the package typescript-api, which is typescript 6.
register(`data:text/javascript,${encodeURIComponent('export const resolve = (name, context, next) => next(name === "typescript" ? "typescript-api" : name, context);')}`);
const { Application, LogLevel, TSConfigReader } = await import("typedoc");

const app = await Application.bootstrap(
  {
    name: "Kiln",
    entryPoints: ["src/index.ts", "src/node.ts"],
    tsconfig: "tsconfig.json",
    readme: "README.md",
    out: "dist/api",
    // tsc checks the types, with the compiler that the rest is built by.
    skipErrorChecking: true,
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    logLevel: LogLevel.Error,
  },
  [new TSConfigReader()],
);
const project = await app.convert();
if (!project) fail("the sources do not compile");

const documented = ["Class", "Function", "Interface", "TypeAlias", "Variable"];
const { ReflectionKind } = await import("typedoc");
const kinds = documented.reduce((sum, name) => sum | ReflectionKind[name], 0);
const bare = project
  .getReflectionsByKind(kinds)
  .filter((reflection) => !isDocumented(reflection))
  .map((reflection) => reflection.getFullName());
if (bare.length > 0) fail(`${bare.length} exports have no docstring:\n  ${[...new Set(bare)].sort().join("\n  ")}`);
if (process.argv.includes("--check")) console.log(`docs: all ${project.getReflectionsByKind(kinds).length} exports have a docstring`);
else {
  await app.generateDocs(project, "dist/api");
  console.log("wrote dist/api/index.html");
}

/** Functions carry theirs on their signatures. */
function isDocumented(reflection) {
  return reflection.hasComment() || (reflection.signatures ?? []).some((signature) => signature.hasComment());
}

function fail(message) {
  console.error(`docs: ${message}`);
  process.exit(1);
}
