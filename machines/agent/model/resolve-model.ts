/** Which model a name stands for. */
import { gateway, type LanguageModel } from 'ai';
import { ModelCallError } from './model-failure.ts';

/** Models by name: each one as it is, or a function that makes it when it is first needed. */
export type Models =
  | Readonly<Record<string, LanguageModel | (() => LanguageModel | PromiseLike<LanguageModel>)>>
  | ((name: string) => LanguageModel | PromiseLike<LanguageModel>);

/** A model that is no name. */
export type KnownModel = Exclude<LanguageModel, string>;

/**
 * The model to call. A name that `models` does not have is given to the AI SDK as it is. What a model holds, such as a
 * key, is in no checkpoint: of a model, only its name is kept anywhere.
 */
export async function resolveModel(model: LanguageModel, models: Models | undefined): Promise<KnownModel> {
  if (typeof model !== 'string') return model;
  const found = models === undefined ? model : await modelNamed(model, models);
  return typeof found === 'string'
    ? (globalThis.AI_SDK_DEFAULT_PROVIDER ?? gateway).languageModel(found)
    : found;
}

function modelNamed(model: string, models: Models): LanguageModel | PromiseLike<LanguageModel> {
  if (typeof models === 'function') return models(model);
  const known = Object.hasOwn(models, model) ? models[model] : undefined;
  if (known === undefined)
    throw new ModelCallError(
      'AGENT_NO_MODEL',
      `No model is called '${model}' here; there are: ${Object.keys(models).join(', ') || 'none'}. Add it to 'models'.`,
      false,
    );
  return typeof known === 'function' ? known() : known;
}

/** What a model is called. */
export const modelName = (model: LanguageModel): string =>
  typeof model === 'string' ? model : model.modelId;
