// Required by every Node process of a test's stack but the main job's: half of what Pulumi's SDK takes to load is a compiler
// and a package manager, for functions that it stores in state. No program here has one. They load when they are used.

const Module = require("node:module");

const load = Module._load;
const unused = new Set(["typescript", "@npmcli/arborist"]);

Module._load = function (request, ...more) {
  if (!unused.has(request)) return load.call(this, request, ...more);
  let loaded;
  const real = () => {
    loaded ??= load.call(this, request, ...more);
    return loaded;
  };
  return new Proxy(
    {},
    {
      get(_, name) {
        // Asked at the import, so that nothing else is: whatever the module is, its properties are looked up in it.
        if (name === "__esModule") return true;
        return name === "default" ? (real().default ?? real()) : real()[name];
      },
    },
  );
};
