/** A file of a data set is missing, or is not what it should be. The message names the file. */
export class DataError extends Error {}
