/** Finds a port that nobody listens on. */
import { createServer } from "node:net";

/** The first free port from this one on. */
export async function freePort(from: number): Promise<number> {
	for (let port = from; port < from + 100; port++)
		if ((await isFree(port, "127.0.0.1")) && (await isFree(port, "::1")))
			return port;
	throw new Error(`no port is free from ${from} to ${from + 99}`);
}

function isFree(port: number, host: string): Promise<boolean> {
	const { promise, resolve } = Promise.withResolvers<boolean>();
	const server = createServer();
	// Where there is no such address, nobody listens on it.
	server.once("error", (error: NodeJS.ErrnoException) =>
		resolve(error.code !== "EADDRINUSE" && error.code !== "EACCES"),
	);
	server.listen(port, host, () => server.close(() => resolve(true)));
	return promise;
}
