// Makes the runtime one without relaxed SIMD, for the library's choice of a binary.
WebAssembly.validate = () => false;
