/** The instructions of a message for the probe's consumer. */

type Verdict = "ack" | "retry" | "retryLater" | "ackAll" | "retryAll" | "throw";

/** The body of a message. */
export interface Script {
	name: string;
	/** The verdicts of each delivery, in order. A delivery without an entry gives none. */
	does?: readonly (readonly Verdict[])[];
	/** Makes the message large. */
	padding?: string;
}

/** Seconds that `retryLater` waits. */
export const LATER = 1;

export function give(
	verdict: Verdict,
	message: Message<Script>,
	batch: MessageBatch<Script>,
): void {
	switch (verdict) {
		case "ack":
			message.ack();
			break;
		case "retry":
			message.retry();
			break;
		case "retryLater":
			message.retry({ delaySeconds: LATER });
			break;
		case "ackAll":
			batch.ackAll();
			break;
		case "retryAll":
			batch.retryAll();
			break;
		case "throw":
			throw new Error(`${message.body.name} throws`);
	}
}
