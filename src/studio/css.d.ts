/** Style sheets are imported for their effect: esbuild joins them to one file beside the script. */
declare module "*.css";
