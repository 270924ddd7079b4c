// What every pooling kernel is told. A plane is one channel of one sample.

struct Params {
  planes: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_y: u32,
  stride_x: u32,
  padding_y: u32,
  padding_x: u32,
  dilation_y: u32,
  dilation_x: u32,
}
