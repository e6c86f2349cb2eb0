/** As much of tsc.run's `http` as its document's sample uses. */

export interface Request {
	json(): { name: string; email: string };
}

export const STATUS_CREATED = 201;

export function response(status: number) {
	return { json: (body: unknown) => ({ status, body }) };
}
