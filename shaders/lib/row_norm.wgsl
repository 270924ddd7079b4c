// What the kernels of layer norm and RMS norm share. RMS norm is layer norm without the mean: CENTER is false.
// Element is f32, or vec4f where `cols` counts fours.

//#include "lib/across.wgsl"
//#include "lib/row_lanes.wgsl"

override CENTER: bool = true;
override HAS_WEIGHT: bool = true;
