import { createRenderer } from '../../src/cards/renderer.ts'
import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES, isSendable } from '../../src/catalogue/event-types.ts'
import { PRIORITIES } from '../../src/catalogue/priority.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type JsonObject } from '../../src/kernel/json.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { dataFor } from '../mutate/data.ts'
import { anyText, markedId } from '../mutate/texts.ts'
import { holdExpressions, holdInert, holdSize, holdValid } from '../properties/card.ts'
import { holdPatients, patientValues } from '../properties/patient.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { shippedCatalogue } from './checks.ts'
import { createEventMaker, drawingOptions, requestFor } from './drawing.ts'
import { sampleEvents, TYPES, WORDS } from './samples.ts'

/** From the least that can be set to the default. */
const SIZES = [2_048, 4_096, 8_192, 16_384, 27_136]
const POLICIES = ['mask', 'omit'] as const

/** Any data of any type, through to a card. */
export const target: Target = {
  name: 'render',
  extension: 'input',
  batch: 32,
  thoroughOneIn: 4,
  maxSteps: (bytes) => 900_000 + 4_500 * bytes,
  seeds: () =>
    sampleEvents().flatMap((event) =>
      ['en', 'ar'].map((language) => Buffer.from(JSON.stringify({ event, language, max_bytes: 27_136 }))),
    ),
  mutate(input, other, random) {
    if (!random.oneIn(3)) return mutateBody(input, other, random, WORDS)
    const fresh = Buffer.from(JSON.stringify(freshInput(random)))
    return random.oneIn(2) ? fresh : mutateBody(fresh, other, random, WORDS)
  },
  async open(): Promise<OpenTarget> {
    const catalogue = shippedCatalogue()
    const maker = createEventMaker(catalogue)
    const renderers = new Map(SIZES.map((size) => [size, createRenderer(drawingOptions(catalogue, size))]))
    return {
      async run(bytes, thorough) {
        const input = parsed(bytes)
        if (!isObject(input)) return ['no input']
        const policy = POLICIES.find((one) => one === input.policy) ?? 'mask'
        const unchecked = input.unchecked === true ? maker.unchecked(input.event) : undefined
        const event = input.unchecked === true ? unchecked?.event : maker.accepted(input.event, policy)
        if (event === undefined) return ['refused']
        const size = SIZES.find((one) => one === input.max_bytes) ?? 27_136
        const { request, definition } = requestFor(catalogue, event, input)
        const renderer = renderers.get(size)
        hold(renderer !== undefined, 'answers', () => 'no renderer')
        let rendered: ReturnType<typeof renderer.render>
        try {
          rendered = renderer.render(request)
        } catch (error) {
          // Data that no check has seen may be too much for an expression: that notification fails with a reason.
          if (unchecked?.fits === false && isGatewayError(error, 'invalid_template')) return ['can not be drawn']
          throw error
        }
        const { card, shrunk } = rendered
        holdSize(rendered, size)
        const given = bytes.toString() + JSON.stringify(event)
        holdExpressions(card, given)
        holdInert(
          request.channel.mentions.length === 0
            ? card
            : renderer.render({ ...request, channel: { ...request.channel, mentions: [] } }).card,
        )
        if (input.unchecked !== true && isObject(input.event))
          holdPatients(patientValues(input.event.data), JSON.stringify(card), 'the card')
        if (thorough) holdValid(card, renderer.render(request).card)
        return [`${definition.card} ${request.language} ${shrunk}`, `${policy} ${size} ${shrunk}`]
      },
      async close() {},
    }
  },
}

function freshInput(random: Random): JsonObject {
  const type = random.pick(TYPES)
  const data = dataFor(CARD_DATA[EVENT_TYPES[type].card], random)
  const extra =
    random.oneIn(4) && isObject(data) ? { ...(data as object), [anyText(random, WORDS)]: anyText(random, WORDS) } : data
  return {
    event: {
      event_type: type,
      data: extra,
      priority: random.pick(PRIORITIES),
      correlation_id: random.oneIn(2) ? markedId(random) : `c${anyText(random, [])}`.slice(0, 200),
    },
    language: random.pick(['en', 'ar']),
    transport: random.pick(['workflows', 'bot']),
    repeat: random.oneIn(2),
    policy: random.pick(POLICIES),
    max_bytes: random.pick(SIZES),
    mentions: random.oneIn(4) ? [anyText(random, []), anyText(random, [])] : [],
    // Events of the gateway and its sources are not checked, and fit.
    unchecked: !isSendable(type) || random.oneIn(12),
  }
}
