/** The document's `stack`, which SST's own app provides. It has no effect here. */
export const stack = {};
