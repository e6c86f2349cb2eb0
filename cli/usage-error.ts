/** An error of the person who typed the command. It is printed without a stack. */
export class UsageError extends Error {}
