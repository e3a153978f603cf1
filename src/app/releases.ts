/** Things to release, last made first, as one closes what one opened. */
export interface Releases {
  add(release: () => Promise<void>): void
  /** Releases everything once, even where one fails; throws the first failure at the end. */
  run(): Promise<void>
}

/** Makes an empty list of things to release. */
export function createReleases(): Releases {
  const list: (() => Promise<void>)[] = []
  let done: Promise<void> | undefined
  async function releaseAll(): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    for (let release = list.pop(); release; release = list.pop()) {
      try {
        await release()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure) throw failure.error
  }
  return {
    add: (release) => {
      list.push(release)
    },
    run: () => {
      done ??= releaseAll()
      return done
    },
  }
}
