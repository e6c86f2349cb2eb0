/** Rejects messages and batches over the limits of sizes, counts and delays (Cloudflare Queues, limits). */

export interface SendOptions {
	contentType?: "text" | "json";
	delaySeconds?: number;
}

const MESSAGE_BYTES = 128_000;
const BATCH_BYTES = 256_000;
const BATCH_MESSAGES = 100;
const LONGEST_DELAY = 86_400;
/** Bytes of a message in addition to its body. */
const METADATA_BYTES = 100;

/** @throws TypeError for a delay out of range */
export function checkDelay(delaySeconds = 0): void {
	if (!(delaySeconds >= 0 && delaySeconds <= LONGEST_DELAY))
		throw new TypeError(`delaySeconds ${delaySeconds} is out of range`);
}

/** @throws Error for a message that is too large, TypeError for a delay out of range */
export function checkMessage({
	body,
	delaySeconds = 0,
}: { body: unknown } & SendOptions): number {
	checkDelay(delaySeconds);
	const text = typeof body === "string" ? body : JSON.stringify(body);
	const bytes = Buffer.byteLength(text) + METADATA_BYTES;
	if (bytes > MESSAGE_BYTES) throw new Error(`message of ${bytes} bytes`);
	return bytes;
}

/** @throws Error for a batch that is too large, or empty */
export function checkBatch(
	messages: readonly ({ body: unknown } & SendOptions)[],
): void {
	if (messages.length < 1 || messages.length > BATCH_MESSAGES)
		throw new Error(`batch of ${messages.length} messages`);
	const bytes = messages.reduce(
		(sum, message) => sum + checkMessage(message),
		0,
	);
	if (bytes > BATCH_BYTES) throw new Error(`batch of ${bytes} bytes`);
}
