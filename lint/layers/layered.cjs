/**
 * Returns dependency-cruiser rules for the folders directly below `folder`. Every import between
 * them must go to a lower layer.
 *
 * `layers` lists the folders from top to bottom. '.' stands for the files directly in `folder`. An
 * array is one layer whose members do not import each other. A folder imports itself and the
 * layers below it; a folder that is not listed is an error.
 */
function layered(folder, layers) {
  const files = (name) => (name === '.' ? `^${folder}/[^/]+$` : `^${folder}/${name}/`);
  const groups = layers.map((layer) => [layer].flat());
  const rules = groups.flatMap((group, i) => {
    const below = groups.slice(i + 1).flat();
    return group.map((name) => ({
      name: `layers: ${folder}${name === '.' ? '' : `/${name}`}`,
      comment:
        below.length === 0
          ? 'This is the lowest layer: it imports no other folder here.'
          : `Import only lower layers: ${below.join(', ')}.`,
      severity: 'error',
      from: { path: files(name) },
      to: { path: `^${folder}/`, pathNot: [name, ...below].map(files) },
    }));
  });
  const listed = groups.flat().map(files);
  return [
    ...rules,
    {
      name: `layers: new folder in ${folder}`,
      comment: 'Every folder has a layer: add it to the list in lint/layers.',
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: listed },
      to: {},
    },
  ];
}

module.exports = { layered };
