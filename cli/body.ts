/** Reads the body of an event that was typed as JSON. */
import { UsageError } from "./usage-error.ts";

/** @throws UsageError unless it is JSON */
export function parseBody(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new UsageError(
			`The body is not JSON: ${(error as Error).message}. Quote it, such as '{"orderId":"o1"}'.`,
		);
	}
}
