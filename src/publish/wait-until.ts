/** Lets a call outlive the response of its request. It does not know what the call does. */
import { log } from "../platform/log.ts";

/**
 * Makes a call that the caller does not await outlive the response. Without `waitUntil` the platform would cancel it.
 * It logs a rejection, because the caller may not see it.
 *
 * @param waitUntil the platform's function, if there is one
 */
export function outliveResponse<Result>(
	call: () => Promise<Result>,
	waitUntil: ((promise: Promise<unknown>) => void) | undefined,
): Promise<Result> {
	const result = call();
	try {
		waitUntil?.(result.catch((error) => log("publish_not_awaited", { error })));
	} catch {
		// Outside of a request there is no response to outlive.
	}
	return result;
}
