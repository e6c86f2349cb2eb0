/** Finds a free port. */
import { createServer } from "node:net";

/** Returns the first free port, counting up from `from`. */
export async function freePort(from: number): Promise<number> {
	for (let port = from; port < from + 100; port++)
		if ((await isFree(port, "127.0.0.1")) && (await isFree(port, "::1")))
			return port;
	throw new Error(`no port is free from ${from} to ${from + 99}`);
}

function isFree(port: number, host: string): Promise<boolean> {
	const { promise, resolve } = Promise.withResolvers<boolean>();
	const server = createServer();
	// If the address does not exist, the port is free.
	server.once("error", (error: NodeJS.ErrnoException) =>
		resolve(error.code !== "EADDRINUSE" && error.code !== "EACCES"),
	);
	server.listen(port, host, () => server.close(() => resolve(true)));
	return promise;
}
