/** V8 sometimes uses the code of its baseline compiler for minutes, which makes tf.conv2d half as fast. */
export const NO_BASELINE_COMPILER = "--no-liftoff";
