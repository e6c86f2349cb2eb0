/** The buses of this process, so that a failed test can print what happened. */
interface OpenBus {
	timeline(): string;
	isDisposed: boolean;
}

const buses = new Set<OpenBus>();

export function opened(bus: OpenBus): void {
	buses.add(bus);
}

/** Forgets the disposed buses of earlier tests. */
export function forgetDisposed(): void {
	for (const bus of buses) if (bus.isDisposed) buses.delete(bus);
}

export function timelines(): string[] {
	return [...buses].map((bus) => bus.timeline());
}
