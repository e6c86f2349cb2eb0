/** The document's `stack`, which comes from SST's own app and means nothing here. */
export const stack = {};
