/** A `.wgsl` file, as scripts/wgsl_plugin.mjs gives it: the file's stem and its text with includes expanded. */
declare module "*.wgsl" {
  const shader: { readonly name: string; readonly code: string };
  export default shader;
}
